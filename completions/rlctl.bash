# Completion for bash. Written by rlctl: rlctl completion bash
# Needs bash 4.4 or later.
# Names are data: quoted by printf %q, never evaluated.
_rlctl() {
  local -a found=()
  local word
  COMPREPLY=()
  mapfile -d '' -t found < <(
    command rlctl __complete bash "$COMP_WORDBREAKS" -- \
      "${COMP_LINE:0:COMP_POINT}" 2>/dev/null
  )
  case ${found[0]-} in
    file) compopt -o default -o filenames ;;
    open)
      compopt -o nosort
      COMPREPLY=("${found[@]:1}")
      ;;
    plain)
      compopt -o nosort
      for word in "${found[@]:1}"; do
        case $word in
          '~'*) LC_ALL=C printf -v word %q "${word:1}" ;;
          *) printf -v word %q "${word:1}" ;;
        esac
        COMPREPLY+=("$word")
      done
      ;;
  esac
}
complete -F _rlctl rlctl
