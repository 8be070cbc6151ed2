package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/openai/openai-go/v3"
)

// definition is what the model is told of the tool.
var definition = openai.FunctionDefinitionParam{
	Name:        "weather",
	Description: openai.String("Returns the weather in a city."),
	Parameters: openai.FunctionParameters{
		"type":       "object",
		"properties": map[string]any{"city": map[string]string{"type": "string"}},
		"required":   []string{"city"},
	},
}

// station knows the weather, but not at once: the first to ask finds it asleep, so
// that the example has a failure to show.
type station struct{ asked atomic.Int64 }

func (s *station) weather(_ context.Context, arguments string) (string, error) {
	var in struct {
		City string `json:"city"`
	}
	if err := json.Unmarshal([]byte(arguments), &in); err != nil {
		return "", fmt.Errorf("arguments of weather: %w", err)
	}
	if s.asked.Add(1) == 1 {
		return "", errStation
	}
	return "18 °C and sunny", nil
}

var errStation = errors.New("the station did not answer in time")
