package openai

// IsBulk tells which members no span wants: vectors, pictures on their way, and
// numbers about single tokens. Their place tells them from parameters of the same
// names, and from what schemas of tools describe.
func IsBulk(parent, name string) bool {
	switch name {
	case "embedding":
		return parent == "data"
	case "logprobs":
		return parent == "choices" || parent == "content" || parent == "part"
	case "encrypted_content":
		return parent == "input" || parent == "output" || parent == "item"
	case "partial_image_b64", "obfuscation":
		return parent == ""
	}
	return false
}

// IsFile tells which texts are files in base64.
func IsFile(parent, name string) bool {
	switch name {
	case "data":
		return parent == "input_audio" || parent == "audio"
	case "file_data":
		return parent == "file" || parent == "content"
	case "result":
		return parent == "output" || parent == "item" || parent == "input" // of a call that makes an image
	case "b64_json":
		return true
	}
	return false
}
