/**
 * What a task's prompt carries that it need not.
 *
 * <p><b>Enters:</b> a task, and what a token costs. <b>Leaves:</b> the tokens of each part, and
 * findings with what each would save. <b>Guaranteed:</b> {@link
 * dev.nightjar.pipelines.lint.SafeEdits} changes white space and lines that stand twice in a row,
 * and nothing else.
 */
@NullMarked
package dev.nightjar.pipelines.lint;

import org.jspecify.annotations.NullMarked;
