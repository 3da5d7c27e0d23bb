/**
 * The write SPI and what stands in front of a sink: buffers, batches, retries.
 *
 * @see io.github.usage4j.sink.UsageSink
 */
@NullMarked
package io.github.usage4j.sink;

import org.jspecify.annotations.NullMarked;
