/**
 * A PostgreSQL of one's own, for a machine where nobody runs one.
 *
 * <p><b>Enters:</b> a home directory. <b>Leaves:</b> the address of a running server with pgvector:
 * a private cluster made with the PostgreSQL found on the machine, else a container.
 * <b>Guaranteed:</b> it listens on loopback only, asks for a password kept in a file that only its
 * owner reads, survives restarts, and is started by whoever needs it first. Whatever is there is
 * left as it is: what cannot be used is told in one line with the way out, and only a person's word
 * deletes it (ADR 14).
 */
@NullMarked
package dev.nightjar.cachestore.local;

import org.jspecify.annotations.NullMarked;
