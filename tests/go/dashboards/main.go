// SPDX-License-Identifier: Apache-2.0

// dashboards FILE...: are these what Grafana's schema calls a dashboard?  The
// types are those that Grafana generates from its schema, read strictly: a
// field that it does not have, or of another type, is an error, and its own
// constraints hold.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func check(name string) error {
	var d dashboard.Dashboard

	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	// an empty list of errors is no nil
	var errs cog.BuildErrors
	err = d.UnmarshalJSONStrict(text)
	if err != nil && !(errors.As(err, &errs) && len(errs) == 0) {
		return err
	}
	return d.Validate()
}

func main() {
	status := 0
	plugins.RegisterDefaultPlugins()
	for _, name := range os.Args[1:] {
		if err := check(name); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			status = 1
		}
	}
	os.Exit(status)
}
