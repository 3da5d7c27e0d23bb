/**
 * The program behind {@code run replay}: recorded provider traffic, played through the real
 * LangChain4j clients, recorded by this library and compared with what the providers stated.
 */
@NullMarked
package io.github.usage4j.examples.replay;

import org.jspecify.annotations.NullMarked;
