package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const (
	runLimit  = 5 * time.Minute
	demoLimit = 3 * time.Minute // until it prints an address; a first build is part of it
	endLimit  = 30 * time.Second
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
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// runUntilInterrupted treats the command as a person at a terminal does: wait for an address, then press Control-C.
func runUntilInterrupted(ctx context.Context, dir, script string) error {
	ctx, cancel := context.WithTimeout(ctx, demoLimit+endLimit)
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
	serving := printsAddress(stdout)
	if serving {
		err = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
	}
	_, drained := io.Copy(os.Stdout, stdout)
	err = errors.Join(err, drained, cmd.Wait())
	if !serving {
		return errors.Join(errors.New("it ended without printing an address"), err)
	}
	return err
}

// printsAddress shows what is printed up to the first line with an address; false when there is none.
func printsAddress(stdout io.Reader) bool {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		fmt.Println(lines.Text())
		if strings.Contains(lines.Text(), "http://") {
			return true
		}
	}
	return false
}

var reference = regexp.MustCompile(`\$\{(file|env):([^}]+)\}`)

// checkConfiguration gives the block what only its reader has, the secrets, and lets chatgate judge it.
func checkConfiguration(ctx context.Context, dir, text string) error {
	env := os.Environ()
	for _, match := range reference.FindAllStringSubmatch(text, -1) {
		if match[1] == "env" {
			env = append(env, match[2]+"="+rand.Text())
			continue
		}
		if err := provide(filepath.Join(dir, match[2])); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "chatgate.yaml"), []byte(text), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := shell(ctx, dir, "bin/chatgate config check --config chatgate.yaml")
	cmd.Env, cmd.Stdout, cmd.Stderr = env, os.Stdout, os.Stderr
	return cmd.Run()
}

// provide makes a secret's file unless an earlier block has made it.
func provide(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(rand.Text() + "\n")
	return errors.Join(err, file.Close())
}
