// Reads an exported log with Go's own sumdb packages and says what it found, as JSON.
//
// Usage: sumdb FOLDER VKEY INDEX OLD
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type files string

func (f files) Height() int { return 8 }

func (f files) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

// Go puts the height into a path; C2SP leaves it out.
func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func entries(folder string, size int64) [][]byte {
	var found [][]byte
	for first := int64(0); first < size; first += 256 {
		width := 256
		if size-first < 256 {
			width = int(size - first)
		}
		tile := tlog.Tile{H: 8, L: 0, N: first / 256, W: width}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(folder, path))
		check(err)
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			found = append(found, data[2:2+length])
			data = data[2+length:]
		}
	}
	return found
}

func main() {
	folder := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	index, err := strconv.ParseInt(os.Args[3], 10, 64)
	check(err)
	old, err := strconv.ParseInt(os.Args[4], 10, 64)
	check(err)

	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	check(err)
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	tree := tlog.Tree{N: size, Hash: root}
	reader := tlog.TileHashReader(tree, files(folder))

	bad := 0
	all := entries(folder, size)
	for place, entry := range all {
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(place))})
		check(err)
		if hashes[0] != tlog.RecordHash(entry) {
			bad++
		}
	}
	record, err := tlog.ProveRecord(size, index, reader)
	check(err)
	check(tlog.CheckRecord(record, size, root, index, tlog.RecordHash(all[index])))
	forged := tlog.CheckRecord(record, size, root, index, tlog.RecordHash(append([]byte("x"), all[index]...)))
	oldRoot, err := tlog.TreeHash(old, reader)
	check(err)
	consistency, err := tlog.ProveTree(size, old, reader)
	check(err)
	check(tlog.CheckTree(consistency, size, root, old, oldRoot))

	said := map[string]interface{}{
		"origin": lines[0], "size": size, "entries": len(all), "bad": bad, "signer": opened.Sigs[0].Name,
		"record": []string{}, "tree": []string{}, "old_root": oldRoot.String(), "forged_refused": forged != nil,
	}
	for _, hash := range record {
		said["record"] = append(said["record"].([]string), hash.String())
	}
	for _, hash := range consistency {
		said["tree"] = append(said["tree"].([]string), hash.String())
	}
	check(json.NewEncoder(os.Stdout).Encode(said))
}
