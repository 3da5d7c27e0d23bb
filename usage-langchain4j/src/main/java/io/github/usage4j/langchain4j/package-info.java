/**
 * Accounts for the calls of LangChain4j models: wrap a model with {@link
 * io.github.usage4j.langchain4j.TrackedModels} and use it as before.
 */
@NullMarked
package io.github.usage4j.langchain4j;

import org.jspecify.annotations.NullMarked;
