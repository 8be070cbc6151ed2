package floor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Dump is the rows of a table in a file, as COPY's binary format has them.
type Dump struct {
	table string // with its columns, as COPY wants them
	file  *os.File
	rows  []int64 // where each begins, and where the last ends
}

// columnsSQL names what can be inserted.
const columnsSQL = `
SELECT attname FROM pg_attribute
WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum`

// DumpTables writes the rows of tables to files in dir. The caller closes them.
func DumpTables(ctx context.Context, conn *pgx.Conn, tables Counts, dir string) ([]*Dump, error) {
	var dumps []*Dump
	for name, count := range tables {
		d, err := dumpTable(ctx, conn, name, dir)
		if err == nil && int64(len(d.rows)-1) != count {
			err = fmt.Errorf("%d of %d rows of %s were read", len(d.rows)-1, count, name)
		}
		if err != nil {
			return nil, err
		}
		dumps = append(dumps, d)
	}
	return dumps, nil
}

func dumpTable(ctx context.Context, conn *pgx.Conn, name, dir string) (*Dump, error) {
	found, err := conn.Query(ctx, columnsSQL, quote(name))
	if err != nil {
		return nil, err
	}
	columns, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	for i := range columns {
		columns[i] = quote(columns[i])
	}
	list := strings.Join(columns, ", ")
	file, err := os.CreateTemp(dir, "rows-")
	if err != nil {
		return nil, err
	}
	d := &Dump{table: quote(name) + " (" + list + ")", file: file}
	if _, err := conn.PgConn().CopyTo(ctx, file, `COPY (SELECT `+list+` FROM `+quote(name)+`) TO STDOUT (FORMAT binary)`); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := d.find(); err != nil {
		return nil, errors.Join(fmt.Errorf("rows of %s: %w", name, err), file.Close())
	}
	return d, nil
}

// Close removes the file.
func (d *Dump) Close() error { return errors.Join(d.file.Close(), os.Remove(d.file.Name())) }

// copyHeader is what the format begins with: a signature, no flags, no extension.
var copyHeader = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")

// copyTrailer is what it ends with, in place of the number of a row's fields.
var copyTrailer = []byte{0xff, 0xff}

// find notes where rows begin.
func (d *Dump) find() error {
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(d.file, 1<<20)
	head := make([]byte, len(copyHeader))
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	if !bytes.Equal(head, copyHeader) {
		return fmt.Errorf("unknown header %q", head)
	}
	at := int64(len(head))
	for {
		d.rows = append(d.rows, at)
		size, err := skipRow(r)
		if err != nil || size == 0 {
			return err
		}
		at += size
	}
}

// skipRow reads one row and returns its size, 0 for the trailer.
func skipRow(r *bufio.Reader) (size int64, err error) {
	var word [4]byte
	if _, err := io.ReadFull(r, word[:2]); err != nil {
		return 0, err
	}
	fields := int16(binary.BigEndian.Uint16(word[:]))
	if fields < 0 {
		return 0, nil
	}
	size = 2
	for range fields {
		if _, err := io.ReadFull(r, word[:]); err != nil {
			return 0, err
		}
		n := max(0, int(int32(binary.BigEndian.Uint32(word[:])))) // -1 for NULL
		if _, err := r.Discard(n); err != nil {
			return 0, err
		}
		size += 4 + int64(n)
	}
	return size, nil
}

// part returns one of so many parts of the rows, in the format.
func (d *Dump) part(n, of int) io.Reader {
	count := len(d.rows) - 1
	from, to := d.rows[count*n/of], d.rows[count*(n+1)/of]
	return io.MultiReader(bytes.NewReader(copyHeader), io.NewSectionReader(d.file, from, to-from), bytes.NewReader(copyTrailer))
}

// Copy puts the rows of all dumps into their tables, in so many transactions,
// each with its share of every table, on so many connections.
func Copy(ctx context.Context, dsn string, dumps []*Dump, transactions, connections int) error {
	var next atomic.Int64
	errs := make([]error, connections)
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			conn, err := pgconn.Connect(ctx, dsn)
			if err != nil {
				errs[i] = err
				return
			}
			for errs[i] == nil {
				n := int(next.Add(1)) - 1
				if n >= transactions {
					break
				}
				errs[i] = copyPart(ctx, conn, dumps, n, transactions)
			}
			errs[i] = errors.Join(errs[i], conn.Close(context.WithoutCancel(ctx)))
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func copyPart(ctx context.Context, conn *pgconn.PgConn, dumps []*Dump, n, of int) error {
	if _, err := conn.Exec(ctx, `BEGIN`).ReadAll(); err != nil {
		return err
	}
	for _, d := range dumps {
		if _, err := conn.CopyFrom(ctx, d.part(n, of), `COPY `+d.table+` FROM STDIN (FORMAT binary)`); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, `COMMIT`).ReadAll()
	return err
}
