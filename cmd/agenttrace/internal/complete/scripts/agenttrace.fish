# Completion of agenttrace for fish. Load it with: agenttrace completion fish | source
# or write it to ~/.config/fish/completions/agenttrace.fish.
# It asks the program, which may ask the server, for at most a second.
function __agenttrace_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    $program __complete fish $words (commandline -ct | string unescape) 2>/dev/null
end
complete -c agenttrace -f -a '(__agenttrace_complete)'
