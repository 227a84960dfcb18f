/**
 * A PostgreSQL of one's own, for a machine where nobody runs one.
 *
 * <p><b>Enters:</b> a home directory. <b>Leaves:</b> the address of a running server with pgvector:
 * a private cluster made with the PostgreSQL found on the machine, else a container.
 * <b>Guaranteed:</b> it listens on loopback only, asks for a password kept in a file that only its
 * owner reads, survives restarts, and is started by whoever needs it first.
 */
@NullMarked
package dev.nightjar.cachestore.local;

import org.jspecify.annotations.NullMarked;
