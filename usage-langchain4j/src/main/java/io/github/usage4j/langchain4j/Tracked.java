package io.github.usage4j.langchain4j;

/** What every tracked model is, so that it can be recognised and taken apart. */
interface Tracked {

  /** The model that does the work. */
  Object delegate();

  /** By which settings its calls are recorded. */
  Settings settings();
}
