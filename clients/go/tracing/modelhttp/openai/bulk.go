package openai

// IsBulk tells which members no span wants: vectors, pictures on their way, and
// numbers about single tokens.
func IsBulk(_, name string) bool {
	switch name {
	case "embedding", "logprobs", "partial_image_b64", "encrypted_content", "obfuscation":
		return true
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
