/**
 * Stages 12 and 13: is the answer good enough, and what if not.
 *
 * <p><b>Enters:</b> result lines. <b>Leaves:</b> outcomes: answered, rejected or errored, each of
 * the latter with the next attempt if one is left. <b>Guaranteed:</b> an answer that breaks the
 * output schema never reaches the results or the cache.
 */
@NullMarked
package dev.nightjar.pipelines.validate;

import org.jspecify.annotations.NullMarked;
