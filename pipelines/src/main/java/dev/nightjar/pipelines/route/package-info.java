/**
 * Stages 7 and 8: the cheapest tier that will do, priced and checked against the budget.
 *
 * <p><b>Enters:</b> prompts. <b>Leaves:</b> planned attempts in the database. <b>Guaranteed:</b>
 * the worst case of every planned attempt is reserved before anything is sent.
 */
@NullMarked
package dev.nightjar.pipelines.route;

import org.jspecify.annotations.NullMarked;
