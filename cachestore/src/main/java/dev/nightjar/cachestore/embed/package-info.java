/**
 * Text to vectors, in this process.
 *
 * <p><b>Enters:</b> texts. <b>Leaves:</b> unit vectors of the namespace's embedding model, and
 * their locality-sensitive hashes; sets of shingles of long texts, and theirs. <b>Guaranteed:</b>
 * the same text gives the same vector and hashes, whatever it came in with and on every machine;
 * nothing is downloaded.
 */
@NullMarked
package dev.nightjar.cachestore.embed;

import org.jspecify.annotations.NullMarked;
