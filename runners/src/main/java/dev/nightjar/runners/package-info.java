/**
 * The command line.
 *
 * <p><b>Enters:</b> arguments and the environment. <b>Leaves:</b> a night that ran, or one line
 * that says what failed and what to do. <b>Guaranteed:</b> the same command again continues what
 * was interrupted. Only this module knows Flink.
 */
@NullMarked
package dev.nightjar.runners;

import org.jspecify.annotations.NullMarked;
