/** Decorators that account for every call of a LangChain4j model. */
@NullMarked
package io.github.usage4j.langchain4j;

import org.jspecify.annotations.NullMarked;
