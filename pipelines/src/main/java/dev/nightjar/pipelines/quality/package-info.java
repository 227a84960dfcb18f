/**
 * What answers are worth: rules with a stated risk, free of Beam and of the database.
 *
 * <p><b>Enters:</b> a cheap model's answers with what it thinks of them, and, for those that were
 * checked, whether a large model says the same; or what texts that every tier was asked would have
 * been worth under a rule that sends each to one tier. <b>Leaves:</b> which to check next, and
 * whether the rest may be delivered so. <b>Guaranteed:</b> of what is delivered at least the stated
 * share agrees with the large model, with the stated confidence, from the first night on, whatever
 * the scores are worth and whenever one looks.
 */
@NullMarked
package dev.nightjar.pipelines.quality;

import org.jspecify.annotations.NullMarked;
