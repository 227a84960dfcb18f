/** The elements that travel between stages: records, validated when they are made, never null. */
@NullMarked
package dev.nightjar.pipelines.model;

import org.jspecify.annotations.NullMarked;
