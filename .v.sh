npx vitest run --config test/vitest.config.mts --project unit "$@" 2>&1 | grep -v "^npm" | sed 's/\x1b\[[0-9;]*m//g' | grep -v "✓" 
