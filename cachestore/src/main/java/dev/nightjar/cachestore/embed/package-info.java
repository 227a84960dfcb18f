/**
 * Text to vectors, in this process.
 *
 * <p><b>Enters:</b> texts. <b>Leaves:</b> unit vectors of the namespace's embedding model, and
 * their locality-sensitive hashes. <b>Guaranteed:</b> the same text gives the same vector, whatever
 * batch it came in with; nothing is downloaded.
 */
@NullMarked
package dev.nightjar.cachestore.embed;

import org.jspecify.annotations.NullMarked;
