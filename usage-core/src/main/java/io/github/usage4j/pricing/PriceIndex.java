package io.github.usage4j.pricing;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The models of one catalog, found by provider and name: of those that match, the first. Names that
 * were asked for are remembered, so that patterns are not tried again for every call. Safe for use
 * by several threads.
 */
final class PriceIndex implements PriceCatalog {

  /** Names remembered; they come from requests and answers, so there may be any number. */
  static final int MAX_REMEMBERED = 10_000;

  private final List<ListedModel> models;
  private final Map<String, OfProvider> byProvider = new HashMap<>();
  private final Map<String, List<String>> fallbacks;
  private final ConcurrentHashMap<Asked, Optional<ListedModel>> remembered =
      new ConcurrentHashMap<>();

  private record Asked(String provider, String model) {}

  /** The models of one provider, in order, and the places of those known by an exact name. */
  private record OfProvider(
      List<ListedModel> models, Map<String, Integer> byName, List<Integer> patterns) {

    void add(ListedModel model) {
      int place = models.size();
      models.add(model);
      model.match().names().forEach(name -> byName.putIfAbsent(name, place));
      if (model.match().rest()) {
        patterns.add(place);
      }
    }

    @Nullable ListedModel first(String name) {
      int first = byName.getOrDefault(name, Integer.MAX_VALUE);
      for (int place : patterns) {
        if (place >= first) {
          break;
        }
        if (models.get(place).match().matchesLower(name)) {
          first = place;
        }
      }
      return first == Integer.MAX_VALUE ? null : models.get(first);
    }
  }

  /**
   * @param fallbacks whose prices apply too, for providers that the catalog says so of
   */
  PriceIndex(List<ListedModel> models, Map<String, List<String>> fallbacks) {
    this.models = List.copyOf(models);
    this.fallbacks = Map.copyOf(fallbacks);
    for (ListedModel model : models) {
      byProvider
          .computeIfAbsent(
              model.provider(),
              name -> new OfProvider(new ArrayList<>(), new HashMap<>(), new ArrayList<>()))
          .add(model);
    }
  }

  /** Prices that the host lists. */
  static PriceIndex of(List<ModelPrice> listed) {
    var groups = new LinkedHashMap<Asked, List<ModelPrice>>();
    for (ModelPrice price : listed) {
      var model =
          new Asked(
              ProviderNames.inCatalog(price.provider()), ModelMatch.lower(price.model().strip()));
      groups.computeIfAbsent(model, name -> new ArrayList<>()).add(price);
    }
    var models = new ArrayList<ListedModel>();
    groups.forEach((model, prices) -> models.add(model(model.provider(), prices)));
    return new PriceIndex(models, Map.of());
  }

  private static ListedModel model(String provider, List<ModelPrice> prices) {
    ModelPrice first = prices.get(0);
    for (ModelPrice price : prices) {
      if (!price.match().equals(first.match())) {
        throw new IllegalArgumentException(
            "prices of one model must match the same names, but those of "
                + first.provider()
                + "/"
                + first.model()
                + " match "
                + first.match()
                + " and "
                + price.match());
      }
    }
    return new ListedModel(provider, first.model(), first.match(), prices, null);
  }

  List<ListedModel> models() {
    return models;
  }

  @Override
  public Optional<ModelPrice> find(String provider, String model, Instant at) {
    return model(provider, model).flatMap(listed -> listed.at(at));
  }

  @Override
  public Optional<ModelCapabilities> capabilities(String provider, String model) {
    return model(provider, model).map(ListedModel::capabilities);
  }

  private Optional<ListedModel> model(String provider, String model) {
    var asked = new Asked(provider, model);
    Optional<ListedModel> known = remembered.get(asked);
    if (known == null) {
      known = Optional.ofNullable(search(ProviderNames.inCatalog(provider), model));
      if (remembered.size() >= MAX_REMEMBERED) {
        remembered.clear();
      }
      remembered.put(asked, known);
    }
    return known;
  }

  private @Nullable ListedModel search(String provider, String model) {
    for (String listedUnder : servedBy(provider)) {
      ListedModel found = searchOf(listedUnder, provider, model);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /** Under which providers a model may be listed, the nearest first. */
  private Set<String> servedBy(String provider) {
    var same = new ArrayList<String>(List.of(provider));
    same.addAll(ProviderNames.like(provider));
    var all = new LinkedHashSet<>(same);
    same.forEach(name -> all.addAll(fallbacks.getOrDefault(name, List.of())));
    return all;
  }

  private @Nullable ListedModel searchOf(String listedUnder, String provider, String model) {
    OfProvider listed = byProvider.get(listedUnder);
    if (listed == null) {
      return null;
    }
    for (String name : ModelNames.of(provider, model)) {
      ListedModel found = listed.first(name);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  Map<String, List<String>> fallbacks() {
    return fallbacks;
  }

  int remembered() {
    return remembered.size();
  }
}
