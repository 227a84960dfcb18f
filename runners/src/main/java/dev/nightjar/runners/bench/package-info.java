/**
 * Benchmarks.
 *
 * <p><b>Enters:</b> data, a seed, a size. <b>Leaves:</b> figures, with the trivial floor and a peer
 * beside ours, all from one run. <b>Guaranteed:</b> no figure is compared with a fixed time; a
 * benchmark that lacks its data says so and stops.
 */
@NullMarked
package dev.nightjar.runners.bench;

import org.jspecify.annotations.NullMarked;
