package agenttrace

import "context"

// GetStatus returns how the server and its database are. A server whose database
// does not answer says so in the answer; it is no error.
func (c *Client) GetStatus(ctx context.Context, req *GetStatusRequest) (*GetStatusResponse, error) {
	return call(ctx, c, "GetStatus", orEmpty(req), c.status.GetStatus)
}
