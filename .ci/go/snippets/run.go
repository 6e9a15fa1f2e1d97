package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	runLimit  = 5 * time.Minute
	demoLimit = 3 * time.Minute // to its end; a first build is part of it
)

// runToTheEnd stops at the first command that fails.
func runToTheEnd(ctx context.Context, dir, script string) error {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := shell(ctx, dir, script)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// shell gives the script a process group of its own, so that what it started can be ended with it.
func shell(ctx context.Context, dir, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script) //nolint:gosec // running the document's commands is the point
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// runUntilInterrupted treats the command as a person at a terminal does: wait for an address, then press Control-C. That
// it ends is what counts; its exit code says nothing, since `go run` exits 1 when interrupted whatever its program does.
func runUntilInterrupted(ctx context.Context, dir, script string) error {
	ctx, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	cmd := shell(ctx, dir, script)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(stdout)
	if !printsAddress(lines) {
		return errors.Join(errors.New("it ended without printing an address"), cmd.Wait())
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		return err
	}
	for lines.Scan() {
		fmt.Println(lines.Text())
	}
	if err := cmd.Wait(); ctx.Err() != nil {
		return fmt.Errorf("it did not end: %w", err)
	}
	return nil
}

// printsAddress shows what is printed up to the first line with an address; false when there is none.
func printsAddress(lines *bufio.Scanner) bool {
	for lines.Scan() {
		fmt.Println(lines.Text())
		if strings.Contains(lines.Text(), "http://") {
			return true
		}
	}
	return false
}
