/** The only Beam plumbing: coders for records, batches within a bundle, one resource per JVM. */
@NullMarked
package dev.nightjar.pipelines.beam;

import org.jspecify.annotations.NullMarked;
