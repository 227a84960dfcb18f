package dev.nightjar.runners;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.apache.beam.sdk.transforms.PTransform;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The arrows between modules, and who may touch which library. */
class ArchitectureTest {
  private static final JavaClasses OURS =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.nightjar");

  static final ArchRule ARROWS =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("dev.nightjar..")
          .layer("cachestore")
          .definedBy("dev.nightjar.cachestore..")
          .layer("pipelines")
          .definedBy("dev.nightjar.pipelines..")
          .layer("emulator")
          .definedBy("dev.nightjar.emulator..")
          .layer("runners")
          .definedBy("dev.nightjar.runners..")
          .whereLayer("runners")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("emulator")
          .mayOnlyBeAccessedByLayers("runners")
          .whereLayer("pipelines")
          .mayOnlyBeAccessedByLayers("runners")
          .whereLayer("cachestore")
          .mayOnlyBeAccessedByLayers("pipelines", "runners");

  /** An invoice made with the product's own code would prove nothing. */
  static final ArchRule THE_EMULATOR_SHARES_NO_CODE_WITH_THE_PRODUCT =
      noClasses()
          .that()
          .resideInAPackage("dev.nightjar.emulator..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.nightjar.cachestore..", "dev.nightjar.pipelines..", "dev.nightjar.runners..");

  static final ArchRule ONLY_THE_STORE_TOUCHES_THE_DATABASE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.nightjar.cachestore.postgres..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.jooq..", "com.zaxxer.hikari..", "com.pgvector..", "org.flywaydb..");

  static final ArchRule ONLY_RUNNERS_KNOW_FLINK =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.nightjar.runners..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.flink..", "org.apache.beam.runners..");

  static final ArchRule THE_STORE_DOES_NOT_KNOW_BEAM =
      noClasses()
          .that()
          .resideInAPackage("dev.nightjar.cachestore..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.apache.beam..");

  static final ArchRule PROVIDER_SDKS_STAY_BEHIND_THE_CLIENT_PORT =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.nightjar.pipelines.submit..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.openai..", "com.anthropic..");

  static final ArchRule POLICIES_ARE_FREE_OF_BEAM =
      noClasses()
          .that()
          .haveSimpleName("Router")
          .or()
          .haveSimpleName("ChunkRetriever")
          .or()
          .haveSimpleName("Escalation")
          .or()
          .haveSimpleName("QuoteLocator")
          .or()
          .haveSimpleName("AnswerValidator")
          .or()
          .haveSimpleName("BatchSubmitter")
          .or()
          .haveSimpleName("DocumentReader")
          .or()
          .haveSimpleName("ItemKeys")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.apache.beam..");

  static final ArchRule TRANSFORMS_ARE_VERBS =
      classes()
          .that()
          .areAssignableTo(PTransform.class)
          .should()
          .haveNameNotMatching(".*(Transform|Reader|Writer|Fn)");

  @Test
  void classesOfEveryModuleAreLookedAt() {
    for (String module : List.of("cachestore", "pipelines", "emulator", "runners")) {
      assertThat(OURS.stream().filter(c -> c.getPackageName().startsWith("dev.nightjar." + module)))
          .as(module)
          .isNotEmpty();
    }
  }

  @TestFactory
  Stream<DynamicTest> rules() {
    return Stream.of(
            ARROWS,
            THE_EMULATOR_SHARES_NO_CODE_WITH_THE_PRODUCT,
            ONLY_THE_STORE_TOUCHES_THE_DATABASE,
            ONLY_RUNNERS_KNOW_FLINK,
            THE_STORE_DOES_NOT_KNOW_BEAM,
            PROVIDER_SDKS_STAY_BEHIND_THE_CLIENT_PORT,
            POLICIES_ARE_FREE_OF_BEAM,
            TRANSFORMS_ARE_VERBS)
        .map(rule -> DynamicTest.dynamicTest(rule.getDescription(), () -> rule.check(OURS)));
  }
}
