/**
 * Results and costs as files for other tools.
 *
 * <p><b>Enters:</b> which table, which runs, which file. <b>Leaves:</b> the file, whole or not at
 * all. <b>Guaranteed:</b> every item of the runs has one row, answered or failed; amounts keep all
 * their digits; rows are read from a cursor, so that memory does not grow with their number; a job
 * reads its own tenant's only.
 */
@NullMarked
package dev.nightjar.runners.export;

import org.jspecify.annotations.NullMarked;
