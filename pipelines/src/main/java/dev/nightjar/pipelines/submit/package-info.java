/**
 * Stages 10 and 11: to the provider and back.
 *
 * <p><b>Enters:</b> submissions. <b>Leaves:</b> the lines of their results. <b>Guaranteed:</b> a
 * submission is in one worker's hands at a time; intent is committed before a provider is called;
 * an outcome that is not known is settled by asking the provider, never by creating a second batch;
 * a request is sent under a custom id once; each open attempt gets exactly one result line.
 *
 * <p>{@link dev.nightjar.pipelines.submit.BatchSubmitter} is the policy, free of Beam. A provider
 * is one class: a {@code ProviderKind} with its limits and request format, and a {@link
 * dev.nightjar.pipelines.submit.ProviderClient}.
 */
@NullMarked
package dev.nightjar.pipelines.submit;

import org.jspecify.annotations.NullMarked;
