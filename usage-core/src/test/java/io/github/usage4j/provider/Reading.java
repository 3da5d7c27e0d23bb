package io.github.usage4j.provider;

import io.github.usage4j.UsageEvent.Source;

/** Reads documents that are written with single quotes. */
final class Reading {

  private Reading() {}

  static StatedUsage read(String... documents) {
    var raw = new RawUsage();
    for (String document : documents) {
      raw.read(document.replace('\'', '"'));
    }
    return raw.stated(Source.WIRE);
  }
}
