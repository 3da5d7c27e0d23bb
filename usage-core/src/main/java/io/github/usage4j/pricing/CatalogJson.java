package io.github.usage4j.pricing;

import io.github.usage4j.pricing.LoadedPrices.Contents;
import io.github.usage4j.pricing.PriceConditions.Factor;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The library's own format, see docs/pricing.md. It is strict about everything, unknown names
 * included: a price that is passed over is a wrong bill.
 */
final class CatalogJson {

  private static final int FORMAT = 1;
  private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");

  private static final String[] TOP = {
    "format", "name", "version", "generated", "asOf", "sources", "providers", "fallbacks", "models"
  };
  private static final String[] AMOUNTS = {
    "input",
    "output",
    "cacheRead",
    "cacheReadAudio",
    "cacheWrite",
    "cacheWriteOneHour",
    "reasoning",
    "inputAudio",
    "outputAudio",
    "perCall"
  };
  private static final String[] TIER = plus(AMOUNTS, "tokens");
  private static final String[] SERVICE_TIER = plus(AMOUNTS, "perUnit", "aboveInput");
  private static final String[] CONDITION = plus(SERVICE_TIER, "serviceTiers", "conditions");
  private static final String[] PRICE =
      plus(CONDITION, "source", "checked", "currency", "from", "until", "daily");

  private final PriceSource source;
  private final LocalDate generated;
  private final Set<String> sources = new HashSet<>();
  private final Map<String, PriceConditions> conditionsOf = new HashMap<>();

  private CatalogJson(PriceSource source, LocalDate generated) {
    this.source = source;
    this.generated = generated;
  }

  /** Reads all of it; see {@link LoadedPrices.Format}. */
  static Contents read(JsonAt root, PriceSource file) {
    root.allowOnly(TOP);
    JsonAt format = root.get("format");
    if (!format.node().isInt() || format.node().intValue() != FORMAT) {
      throw format.bad("must be " + FORMAT);
    }
    LocalDate generated = date(root.get("generated"));
    var source =
        new PriceSource(root.get("name").text(), root.get("version").text(), asOf(root, generated));
    var json = new CatalogJson(source, generated);
    root.get("sources").fields().forEach(entry -> json.sources.add(entry.getKey()));
    JsonAt providers = root.get("providers");
    if (providers.isThere()) {
      providers.fields().forEach(entry -> json.provider(entry.getKey(), entry.getValue()));
    }
    var models = new ArrayList<ListedModel>();
    var known = new HashSet<String>();
    for (JsonAt model : root.get("models").elements()) {
      ListedModel listed = json.model(model);
      if (!known.add(listed.provider() + "/" + ModelMatch.lower(listed.name()))) {
        throw model.bad("is listed twice: " + listed.provider() + "/" + listed.name());
      }
      models.add(listed);
    }
    json.conditionsOf.keySet().stream()
        .filter(name -> models.stream().noneMatch(model -> model.provider().equals(name)))
        .findFirst()
        .ifPresent(
            name -> {
              throw providers.bad("must be of models in this file, but there is none of " + name);
            });
    return new Contents(source, new PriceIndex(models, fallbacks(root.get("fallbacks"))));
  }

  /** How old the prices are, where that is not the day on which the file was made. */
  private static LocalDate asOf(JsonAt root, LocalDate generated) {
    JsonAt asOf = root.get("asOf");
    if (!asOf.isThere()) {
      return generated;
    }
    LocalDate day = date(asOf);
    if (day.isAfter(generated)) {
      throw asOf.bad("must not be after the file was generated, " + generated + ", but is " + day);
    }
    return day;
  }

  /** Whose models a provider serves at the same prices, as catalogs call both. */
  private static Map<String, List<String>> fallbacks(JsonAt json) {
    if (!json.isThere()) {
      return Map.of();
    }
    var fallbacks = new HashMap<String, List<String>>();
    for (Map.Entry<String, JsonAt> provider : json.fields()) {
      List<String> others =
          provider.getValue().elements().stream()
              .map(other -> ProviderNames.inCatalog(other.text()))
              .toList();
      fallbacks.put(ProviderNames.inCatalog(provider.getKey()), others);
    }
    return fallbacks;
  }

  /** What holds for every model of a provider that does not say otherwise. */
  private void provider(String name, JsonAt provider) {
    provider.allowOnly("source", "checked", "conditions");
    requireSource(provider);
    PriceConditions all = PriceConditions.NONE;
    for (Map.Entry<String, JsonAt> condition : provider.get("conditions").fields()) {
      for (Map.Entry<String, JsonAt> value : condition.getValue().fields()) {
        PriceConditions before = all;
        JsonAt at = value.getValue();
        all =
            at.check(
                () ->
                    before.with(
                        condition.getKey(),
                        value.getKey(),
                        new Factor(Amounts.factor("factor", at.decimal()))));
      }
    }
    if (conditionsOf.put(ProviderNames.inCatalog(name), all) != null) {
      throw provider.bad("is there twice, under another name");
    }
  }

  private ListedModel model(JsonAt model) {
    model.allowOnly("provider", "model", "match", "prices");
    String provider = model.get("provider").text();
    String name = model.get("model").text();
    JsonAt match = model.get("match");
    ModelMatch names = match.isThere() ? ModelMatchJson.read(match) : ModelMatch.equalTo(name);
    var prices = new ArrayList<ModelPrice>();
    for (JsonAt price : model.get("prices").elements()) {
      prices.add(price(provider, name, price).matching(names));
    }
    if (prices.isEmpty()) {
      throw model.get("prices").bad("must not be empty");
    }
    return model.check(
        () -> new ListedModel(ProviderNames.inCatalog(provider), name, names, prices, null));
  }

  private void requireSource(JsonAt json) {
    String from = json.get("source").text();
    if (!sources.contains(from)) {
      throw json.get("source").bad("must be one of the file's sources, " + sources);
    }
    LocalDate checked = date(json.get("checked"));
    if (checked.isAfter(generated)) {
      throw json.get("checked")
          .bad("must not be after the file was generated, " + generated + ", but is " + checked);
    }
  }

  private ModelPrice price(String provider, String model, JsonAt json) {
    json.allowOnly(PRICE);
    requireSource(json);
    String currency = json.get("currency").text();
    ModelPrice empty =
        json.get("currency").check(() -> ModelPrice.perMillion(provider, model, currency));
    ModelPrice price = dated(withAll(empty, empty, json), json);
    PriceConditions ofProvider = conditionsOf.get(ProviderNames.inCatalog(provider));
    return source.refer(ofProvider == null ? price : json.check(() -> price.orElse(ofProvider)));
  }

  /** Amounts, and what is different for service tiers and under conditions. */
  private static ModelPrice withAll(ModelPrice price, ModelPrice empty, JsonAt json) {
    ModelPrice priced = withAmounts(price, empty, json);
    JsonAt serviceTiers = json.get("serviceTiers");
    if (serviceTiers.isThere()) {
      for (Map.Entry<String, JsonAt> tier : serviceTiers.fields()) {
        JsonAt at = tier.getValue();
        at.allowOnly(SERVICE_TIER);
        ModelPrice before = priced;
        ModelPrice others = withAmounts(empty, empty, at);
        priced = at.check(() -> before.serviceTier(tier.getKey(), others));
      }
    }
    JsonAt conditions = json.get("conditions");
    if (conditions.isThere()) {
      for (Map.Entry<String, JsonAt> condition : conditions.fields()) {
        for (Map.Entry<String, JsonAt> value : condition.getValue().fields()) {
          priced = under(priced, empty, condition.getKey(), value.getKey(), value.getValue());
        }
      }
    }
    return priced;
  }

  /** A number is a factor; an object has prices of its own. */
  private static ModelPrice under(
      ModelPrice price, ModelPrice empty, String name, String value, JsonAt effect) {
    if (!effect.node().isObject()) {
      return effect.check(() -> price.condition(name, value, effect.decimal()));
    }
    effect.allowOnly(CONDITION);
    ModelPrice others = withAll(empty, empty, effect);
    return effect.check(() -> price.condition(name, value, others));
  }

  private static ModelPrice withAmounts(ModelPrice price, ModelPrice empty, JsonAt json) {
    ModelPrice priced = price;
    for (String name : AMOUNTS) {
      JsonAt amount = json.get(name);
      if (amount.isThere()) {
        ModelPrice before = priced;
        priced = amount.check(() -> set(before, name, amount.decimal()));
      }
    }
    JsonAt units = json.get("perUnit");
    if (units.isThere()) {
      for (Map.Entry<String, JsonAt> unit : units.fields()) {
        ModelPrice before = priced;
        JsonAt amount = unit.getValue();
        priced = amount.check(() -> perUnit(before, unit.getKey(), amount));
      }
    }
    JsonAt tiers = json.get("aboveInput");
    if (tiers.isThere()) {
      for (JsonAt tier : tiers.elements()) {
        tier.allowOnly(TIER);
        Long tokens = tier.get("tokens").tokensOrNull();
        if (tokens == null) {
          throw tier.get("tokens").bad("must be there");
        }
        ModelPrice before = priced;
        ModelPrice others = withAmounts(empty, empty, tier);
        priced = tier.check(() -> before.aboveInput(tokens, others));
      }
    }
    return priced;
  }

  /** A price for each, or for so many. */
  private static ModelPrice perUnit(ModelPrice price, String unit, JsonAt json) {
    if (!json.node().isObject()) {
      return price.perUnit(unit, json.decimal());
    }
    json.allowOnly("price", "per");
    JsonAt per = json.get("per");
    if (!per.node().isInt()) {
      throw per.bad("must be a whole number, 1 to " + UnitPrice.MOST);
    }
    return price.perUnit(unit, json.get("price").decimal(), per.node().intValue());
  }

  private static ModelPrice set(ModelPrice price, String name, String amount) {
    return switch (name) {
      case "input" -> price.input(amount);
      case "output" -> price.output(amount);
      case "cacheRead" -> price.cacheRead(amount);
      case "cacheReadAudio" -> price.cacheReadAudio(amount);
      case "cacheWrite" -> price.cacheWrite(amount);
      case "cacheWriteOneHour" -> price.cacheWriteOneHour(amount);
      case "reasoning" -> price.reasoning(amount);
      case "inputAudio" -> price.inputAudio(amount);
      case "outputAudio" -> price.outputAudio(amount);
      case "perCall" -> price.perCall(amount);
      default -> throw new AssertionError(name);
    };
  }

  private static ModelPrice dated(ModelPrice undated, JsonAt json) {
    ModelPrice price = undated;
    JsonAt from = json.get("from");
    if (from.isThere()) {
      price = price.validFrom(instant(from));
    }
    JsonAt until = json.get("until");
    if (until.isThere()) {
      ModelPrice before = price;
      price = until.check(() -> before.validUntil(instant(until)));
    }
    JsonAt daily = json.get("daily");
    if (daily.isThere()) {
      price = within(price, daily);
    }
    return price;
  }

  /** Times of day, days of the week, or both. */
  private static ModelPrice within(ModelPrice price, JsonAt daily) {
    daily.allowOnly("from", "to", "days");
    JsonAt names = daily.get("days");
    if (!names.isThere()) {
      LocalTime from = time(daily.get("from"));
      LocalTime to = time(daily.get("to"));
      return daily.check(() -> price.daily(from, to));
    }
    var days = new HashSet<DayOfWeek>();
    for (JsonAt name : names.elements()) {
      if (!days.add(name.check(() -> DailyWindow.day(name.text())))) {
        throw name.bad("is there twice");
      }
    }
    if (!daily.get("from").isThere() && !daily.get("to").isThere()) {
      return names.check(() -> price.weekly(days));
    }
    LocalTime from = time(daily.get("from"));
    LocalTime to = time(daily.get("to"));
    return daily.check(() -> price.daily(from, to, days));
  }

  /** A day in UTC, or an instant. */
  static Instant instant(JsonAt json) {
    String text = json.text();
    try {
      Instant instant =
          text.contains("T")
              ? Instant.parse(text)
              : LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
      if (!instant.isBefore(Instant.EPOCH) && instant.isBefore(LAST)) {
        return instant;
      }
    } catch (DateTimeException e) {
      // refused below
    }
    throw json.bad(
        "must be a day such as 2026-11-21 or an instant, from 1970 to 9999, but is '" + text + "'");
  }

  private static LocalDate date(JsonAt json) {
    String text = json.text();
    try {
      return LocalDate.parse(text);
    } catch (DateTimeException e) {
      throw json.bad("must be a day such as 2026-11-21, but is '" + text + "'");
    }
  }

  /** A time of day in UTC, with or without the letter Z. */
  static LocalTime time(JsonAt json) {
    String text = json.text();
    try {
      return LocalTime.parse(text.endsWith("Z") ? text.substring(0, text.length() - 1) : text);
    } catch (DateTimeException e) {
      throw json.bad("must be a UTC time of day such as 16:30, but is '" + text + "'");
    }
  }

  private static String[] plus(String[] names, String... more) {
    var all = new ArrayList<>(List.of(names));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }
}
