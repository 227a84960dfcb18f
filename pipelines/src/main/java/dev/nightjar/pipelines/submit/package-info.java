/**
 * Stages 10 and 11: to the provider and back.
 *
 * <p><b>Enters:</b> submissions. <b>Leaves:</b> the lines of their results. <b>Guaranteed:</b>
 * intent is committed before a provider is called; an outcome that is not known is settled by
 * asking the provider, never by creating a second batch.
 */
@NullMarked
package dev.nightjar.pipelines.submit;

import org.jspecify.annotations.NullMarked;
