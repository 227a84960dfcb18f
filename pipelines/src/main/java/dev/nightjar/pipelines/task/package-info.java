/**
 * What to ask of each document.
 *
 * <p><b>Enters:</b> a YAML file. <b>Leaves:</b> a {@link dev.nightjar.pipelines.task.TaskSpec}, or
 * every problem of the file at once, each with its line. <b>Guaranteed:</b> the fingerprint changes
 * exactly when something changes that can change an answer.
 */
@NullMarked
package dev.nightjar.pipelines.task;

import org.jspecify.annotations.NullMarked;
