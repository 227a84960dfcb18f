/**
 * What delivered answers are worth: a share of the documents is also asked at the task's reference.
 *
 * <p><b>Enters:</b> the documents of a night, and the task with its {@code audit}. <b>Leaves:</b>
 * the task that asks the reference, which is run as a night of its own beside, and one comparison
 * for each document that has both answers. <b>Guaranteed:</b> which documents are drawn depends on
 * their content alone and is fixed before anything is known of them, so that the share that agrees
 * is that of all; an audit spends no more than its own limit and never ends the night that it looks
 * at.
 */
@NullMarked
package dev.nightjar.pipelines.audit;

import org.jspecify.annotations.NullMarked;
