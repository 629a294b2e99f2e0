handler() {
    local name
    name=$(sed -n 's/.*"name": *"\([^"\\]*\)".*/\1/p' <<< "$1")
    echo "Saying hello to ${name:-world}" >&2
    printf '{"message": "Hello %s, from bash"}' "${name:-world}"
}
