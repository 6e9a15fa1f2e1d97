package app

import (
	"strconv"
	"time"
)

// Moment is a time as people read it, to the minute.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Count is a number of things, one or many of them.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// daysAgo is how long something is past, in whole days.
func daysAgo(past time.Duration) string {
	if past < day {
		return "today"
	}
	return Count(int(past/day), "day", "days") + " ago"
}
