import type { Shell } from '../domain/completion/shells.js';

/** By this line rlctl knows a file that it wrote itself. */
export const completionMark = 'Written by rlctl';

const head = (shell: Shell): string => `# Completion for ${shell}. ${completionMark}: rlctl completion ${shell}`;

// The words come from the hidden command at the time of the TAB; the scripts only hand them over. What they get is data from
// outside: it is split at NUL, quoted by the shell's own means, and never evaluated.

const bash = `${head('bash')}
# Needs bash 4.4 or later.
# Names are data: quoted by printf %q, never evaluated.
_rlctl() {
  local -a found=()
  local word
  COMPREPLY=()
  mapfile -d '' -t found < <(
    command rlctl __complete bash "$COMP_WORDBREAKS" -- \\
      "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null
  )
  case \${found[0]-} in
    file) compopt -o default -o filenames ;;
    open)
      compopt -o nosort
      COMPREPLY=("\${found[@]:1}")
      ;;
    plain)
      compopt -o nosort
      for word in "\${found[@]:1}"; do
        case $word in
          '~'*) LC_ALL=C printf -v word %q "\${word:1}" ;;
          *) printf -v word %q "\${word:1}" ;;
        esac
        COMPREPLY+=("$word")
      done
      ;;
  esac
}
complete -F _rlctl rlctl
`;

const zsh = `#compdef rlctl
${head('zsh')}
# Names are data: compadd quotes them, nothing evaluates them.
_rlctl() {
  local -a before answer found shown
  local output
  local -i index
  (( CURRENT > 2 )) && before=("\${(@Q)words[2,CURRENT-1]}")
  before+=("\${(Q)PREFIX}")
  output=$(command rlctl __complete zsh -- "\${(@)before}" 2>/dev/null)
  answer=("\${(@0)output}")
  case $answer[1] in
    file) _files ;;
    word)
      for (( index = 2; index < $#answer; index += 2 )); do
        found+=("$answer[index]")
        shown+=("$answer[index+1]")
      done
      compadd -l -V rlctl -d shown -a -- found
      ;;
    *) return 1 ;;
  esac
}
if [[ $funcstack[1] == _rlctl ]]; then
  _rlctl "$@"
else
  compdef _rlctl rlctl
fi
`;

const fish = `${head('fish')}
# Names are data: fish quotes them itself, nothing evaluates them.
function __rlctl_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --cut-at-cursor --current-token)
    set -l answer (
        command rlctl __complete fish -- $words[2..-1] "$current" 2>/dev/null |
            string split0
    )
    switch "$answer[1]"
        case file
            __fish_complete_path "$current"
        case word
            set --erase answer[1]
            string join0 -- $answer | string split0
    end
end
complete -c rlctl --no-files --keep-order --arguments '(__rlctl_complete)'
`;

const powershell = `${head('powershell')}
# Names are data: put into single quotes by PowerShell's rule, never evaluated.
Register-ArgumentCompleter -Native -CommandName rlctl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $kinds = 'Application', 'ExternalScript'
    $literal = [Management.Automation.Language.StringConstantExpressionAst]
    $quoting = [Management.Automation.Language.CodeGeneration]
    $program = Get-Command rlctl -CommandType $kinds -ErrorAction Ignore |
        Select-Object -First 1
    if (-not $program) { return }
    $elements = $commandAst.CommandElements | Select-Object -Skip 1
    $words = @(
        foreach ($element in $elements) {
            if ($element.Extent.EndOffset -ge $cursorPosition) { break }
            if ($element -is $literal) { $element.Value }
            else { $element.Extent.Text }
        }
    )
    $words += $wordToComplete.TrimStart([char]34, [char]39)
    $bytes = [Text.Encoding]::UTF8.GetBytes(($words -join [char]0))
    $line = [Convert]::ToBase64String($bytes)
    $answer = & $program __complete powershell -- $line 2>$null |
        ConvertFrom-Json
    foreach ($candidate in $answer.candidates) {
        $text = $candidate.value
        if ($text -notmatch '^[A-Za-z0-9_./:=-]+$') {
            $text = "'" + $quoting::EscapeSingleQuotedStringContent($text) + "'"
        }
        [Management.Automation.CompletionResult]::new(
            $text, $candidate.value, 'ParameterValue', $candidate.description)
    }
}
`;

/** The completion script of each shell. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish, powershell };
