/** PostgreSQL for tests, here and in the modules above. */
@NullMarked
package dev.nightjar.cachestore.testing;

import org.jspecify.annotations.NullMarked;
