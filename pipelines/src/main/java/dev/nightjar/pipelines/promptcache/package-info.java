/**
 * Decides what of a night's prompts a provider's prompt cache shall keep. Pure: it asks nobody.
 *
 * <p>In come the prefixes that requests share, as a tree with tokens and counts ({@link
 * dev.nightjar.pipelines.promptcache.PrefixNode}), what a token costs plain, read and written
 * ({@link dev.nightjar.pipelines.promptcache.CacheTerms}), and what earlier requests have shown
 * ({@link dev.nightjar.pipelines.promptcache.HitEvidence}). Out goes which prefixes to mark, how
 * many requests may be sent now, and whether the rest waits for them.
 *
 * <p>Guaranteed: a plan is the cheapest of its kind under the hit rates that it is given ({@link
 * dev.nightjar.pipelines.promptcache.MarkPlanner}), so never dearer than no mark or than all of
 * them; and what is risked to learn those rates is bounded by a share of what the requests would
 * have cost without any cache ({@link dev.nightjar.pipelines.promptcache.CachePolicy}).
 */
@NullMarked
package dev.nightjar.pipelines.promptcache;

import org.jspecify.annotations.NullMarked;
