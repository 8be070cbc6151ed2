package doctor

// HeadersOf returns names and values.
func HeadersOf(text string) (pairs [][2]string) {
	headers, _ := parseHeaders(text)
	for _, h := range headers {
		pairs = append(pairs, [2]string{h.name, h.value})
	}
	return pairs
}
