#compdef agenttrace
# Completion of agenttrace for zsh. Load it with: source <(agenttrace completion zsh)
# or write it to a file _agenttrace in a folder of $fpath.
# It asks the program, which may ask the server, for at most a second.
_agenttrace() {
    local line text rest
    local -a texts shown openTexts openShown
    while IFS= read -r line; do
        text=${line%%$'\t'*}
        rest=${line#*$'\t'}
        if [[ $rest == *$'\topen' ]]; then
            openTexts+=("$text")
            openShown+=("$text${${rest%$'\topen'}:+  -- ${rest%$'\topen'}}")
        else
            texts+=("$text")
            shown+=("$text${rest:+  -- $rest}")
        fi
    done < <("${words[1]}" __complete zsh "${(@Q)words[2,CURRENT]}" 2>/dev/null)
    if (( ${#texts} + ${#openTexts} == 0 )); then
        _files
        return
    fi
    (( ${#texts} )) && compadd -l -d shown -a texts
    (( ${#openTexts} )) && compadd -S '' -l -d openShown -a openTexts
    return 0
}
if [[ $funcstack[1] == _agenttrace ]]; then
    _agenttrace "$@"
else
    compdef _agenttrace agenttrace
fi
