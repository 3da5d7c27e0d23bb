package io.github.usage4j.pricing;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The names under which one model is looked up: as it is called, then without what says where it
 * lies. Nothing is taken off that tells models apart, such as a date, a region or a publisher.
 */
final class ModelNames {

  private static final List<String> COLLECTIONS =
      List.of("/models/", ":foundation-model/", ":inference-profile/");

  private ModelNames() {}

  /**
   * Names in lower case, the most exact first.
   *
   * @param provider as catalogs call it
   */
  static List<String> of(String provider, String model) {
    var names = new ArrayList<String>(2);
    String name = ModelMatch.lower(model.strip());
    while (!name.isEmpty() && !names.contains(name)) {
      names.add(name);
      name = shorter(provider, name);
    }
    return names;
  }

  /** Without a path of resources, or without the name of its own provider in front. */
  private static String shorter(String provider, String name) {
    if (name.startsWith("models/")) {
      return name.substring("models/".length());
    }
    for (String collection : COLLECTIONS) {
      int at = name.lastIndexOf(collection);
      if (at >= 0 && isPath(name)) {
        return name.substring(at + collection.length());
      }
    }
    String base = fineTuned(name);
    if (base != null) {
      return base;
    }
    int slash = name.indexOf('/');
    return slash > 0 && ProviderNames.isNameOf(provider, name.substring(0, slash))
        ? name.substring(slash + 1)
        : name;
  }

  /**
   * What was tuned, of the name of a tuned model; null if it is none. Its price depends on what was
   * tuned, and what follows is the customer's: {@code ft:gpt-4o-2024-08-06:acme:name:id}, and
   * {@code gpt-4o-2024-08-06.ft-id} at Azure.
   */
  private static @Nullable String fineTuned(String name) {
    if (name.startsWith("ft:")) {
      int end = name.indexOf(':', "ft:".length());
      return end < 0 ? null : name.substring(0, end);
    }
    int end = name.indexOf(".ft-");
    return end > 0 && end + ".ft-".length() < name.length()
        ? name.substring(0, end + ".ft-".length())
        : null;
  }

  /** True for Google's resource names and Amazon's, whose last part is the model. */
  private static boolean isPath(String name) {
    return name.startsWith("publishers/")
        || name.startsWith("projects/")
        || name.startsWith("arn:aws");
  }
}
