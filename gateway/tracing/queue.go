package tracing

import "sync"

// queue holds spans until they are exported, and no more than it may: whoever has a span never waits, and a collector that takes
// nothing fills nothing.
type queue struct {
	most, batch int
	count       func(result string, spans int)
	full        chan struct{} // holds one token when a batch is together

	mu    sync.Mutex
	spans []*Span
}

func newQueue(most, batch int, count func(string, int)) *queue {
	return &queue{most: most, batch: min(batch, most), count: count, full: make(chan struct{}, 1)}
}

func (q *queue) add(s *Span) {
	q.mu.Lock()
	waiting := len(q.spans)
	if waiting < q.most {
		q.spans = append(q.spans, s)
	}
	q.mu.Unlock()
	if waiting >= q.most {
		q.count(Dropped, 1)
		return
	}
	if waiting+1 >= q.batch {
		select {
		case q.full <- struct{}{}:
		default: // nobody has seen the last one yet
		}
	}
}

// take is the next batch; empty where nothing waits.
func (q *queue) take() []*Span {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(q.batch, len(q.spans))
	taken := q.spans[:n:n]
	if q.spans = q.spans[n:]; len(q.spans) == 0 {
		q.spans = nil
	}
	return taken
}
