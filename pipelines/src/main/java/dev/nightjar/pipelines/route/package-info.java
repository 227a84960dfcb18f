/**
 * Stages 7 and 8: the cheapest tier that will do, priced, and money for it.
 *
 * <p><b>Enters:</b> prompts. <b>Leaves:</b> planned attempts in the database. <b>Guaranteed:</b>
 * the worst case of every planned attempt is reserved against every budget it falls under before
 * anything is sent; where money is short it goes to what is worth most a dollar.
 */
@NullMarked
package dev.nightjar.pipelines.route;

import org.jspecify.annotations.NullMarked;
