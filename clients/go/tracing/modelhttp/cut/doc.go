// Package cut shortens JSON as it passes, in bounded memory: long strings are cut,
// bulky members are left out, encoded files become their size. What comes out is
// complete JSON even when what came in stopped in the middle, so it can be decoded
// by ordinary means whatever the size of the original was.
//
// Bodies of models' APIs need it: one request may hold megabytes of images, one
// answer a million numbers of embeddings, and none of that belongs into a span.
package cut
