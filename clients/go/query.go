package agenttrace

import (
	"context"
	"iter"
)

// QueryMetrics computes time series from the spans that a query selects.
func (c *Client) QueryMetrics(ctx context.Context, req *QueryMetricsRequest) (*QueryMetricsResponse, error) {
	return call(ctx, c, "QueryMetrics", req, c.query.QueryMetrics)
}

// ListAttributeNames returns names that queries can use.
func (c *Client) ListAttributeNames(ctx context.Context, req *ListAttributeNamesRequest) (*ListAttributeNamesResponse, error) {
	return call(ctx, c, "ListAttributeNames", req, c.query.ListAttributeNames)
}

// ListAttributeValues returns values of one intrinsic or attribute.
func (c *Client) ListAttributeValues(ctx context.Context, req *ListAttributeValuesRequest) (*ListAttributeValuesResponse, error) {
	return call(ctx, c, "ListAttributeValues", req, c.query.ListAttributeValues)
}

// QueryTraceStats counts traces by what they are about.
func (c *Client) QueryTraceStats(ctx context.Context, req *QueryTraceStatsRequest) (*QueryTraceStatsResponse, error) {
	return call(ctx, c, "QueryTraceStats", req, c.query.QueryTraceStats)
}

// QuerySpanStats counts spans by name and type.
func (c *Client) QuerySpanStats(ctx context.Context, req *QuerySpanStatsRequest) (*QuerySpanStatsResponse, error) {
	return call(ctx, c, "QuerySpanStats", req, c.query.QuerySpanStats)
}

// QueryUsage returns one page of sums of calls, tokens and costs, and the total.
func (c *Client) QueryUsage(ctx context.Context, req *QueryUsageRequest) (*QueryUsageResponse, error) {
	return call(ctx, c, "QueryUsage", req, c.usage.QueryUsage)
}

// Usage yields all rows that [Client.QueryUsage] has, page by page from the one
// that the request asks for. Without a page size it asks for 100 at once.
func (c *Client) Usage(ctx context.Context, req *QueryUsageRequest) iter.Seq2[*UsageRow, error] {
	return pages[*QueryUsageRequest, *QueryUsageResponse, *UsageRow]{
		list:  c.QueryUsage,
		items: (*QueryUsageResponse).GetRows,
		set: func(r *QueryUsageRequest, size int32, token *string) {
			turn(&r.PageSize, &r.PageToken, size, token)
		},
	}.all(ctx, orEmpty(req))
}

// ListUnpricedModels returns the models whose calls have no cost.
func (c *Client) ListUnpricedModels(ctx context.Context, req *ListUnpricedModelsRequest) (*ListUnpricedModelsResponse, error) {
	return call(ctx, c, "ListUnpricedModels", req, c.usage.ListUnpricedModels)
}

// Reprice computes the costs of stored traces again, and yields how far it is;
// the last message has done set. Breaking the loop off leaves what was done done.
func (c *Client) Reprice(ctx context.Context, req *RepriceRequest) iter.Seq2[*RepriceResponse, error] {
	return stream(ctx, c, "Reprice", req, c.usage.Reprice)
}
