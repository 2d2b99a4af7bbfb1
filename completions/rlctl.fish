# Completion for fish. Written by rlctl: rlctl completion fish
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
