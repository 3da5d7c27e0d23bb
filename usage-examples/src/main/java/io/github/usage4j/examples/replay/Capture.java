package io.github.usage4j.examples.replay;

/** What the library gets to see of an exchange. */
enum Capture {
  /** What the provider sent: the clients' HTTP traffic is shown to the library. */
  WIRE,
  /** What LangChain4j's clients pass on, as in an application that only wraps its models. */
  PLAIN
}
