# Completion of agenttrace for bash. Load it with: source <(agenttrace completion bash)
# It asks the program, which may ask the server, for at most a second.
_agenttrace() {
    local line current=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("${line%%$'\t'*}")
        [[ $line == *$'\topen' ]] && compopt -o nospace 2>/dev/null
    done < <("${COMP_WORDS[0]}" __complete bash "${COMP_LINE:0:COMP_POINT}" "$current" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} == 0 ]]; then
        compopt -o default 2>/dev/null
    fi
}
complete -F _agenttrace agenttrace
