package dev.nightjar.runners;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.apache.beam.sdk.transforms.PTransform;

/** The arrows between modules, and who may touch which library. */
@AnalyzeClasses(packages = "dev.nightjar", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
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
  @ArchTest
  static final ArchRule THE_EMULATOR_SHARES_NO_CODE_WITH_THE_PRODUCT =
      noClasses()
          .that()
          .resideInAPackage("dev.nightjar.emulator..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.nightjar.cachestore..", "dev.nightjar.pipelines..", "dev.nightjar.runners..");

  @ArchTest
  static final ArchRule ONLY_THE_STORE_TOUCHES_THE_DATABASE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.nightjar.cachestore.postgres..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.jooq..", "com.zaxxer.hikari..", "com.pgvector..", "org.flywaydb..");

  @ArchTest
  static final ArchRule ONLY_RUNNERS_KNOW_FLINK =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.nightjar.runners..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.flink..", "org.apache.beam.runners..");

  @ArchTest
  static final ArchRule THE_STORE_DOES_NOT_KNOW_BEAM =
      noClasses()
          .that()
          .resideInAPackage("dev.nightjar.cachestore..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.apache.beam..");

  @ArchTest
  static final ArchRule PROVIDER_SDKS_STAY_BEHIND_THE_CLIENT_PORT =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.nightjar.pipelines.submit..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.openai..", "com.anthropic..");

  @ArchTest
  static final ArchRule POLICIES_ARE_FREE_OF_BEAM =
      noClasses()
          .that()
          .haveSimpleName("Router")
          .or()
          .haveSimpleName("ChunkRetriever")
          .or()
          .haveSimpleName("Escalation")
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

  @ArchTest
  static final ArchRule TRANSFORMS_ARE_VERBS =
      classes()
          .that()
          .areAssignableTo(PTransform.class)
          .should()
          .haveNameNotMatching(".*(Transform|Reader|Writer|Fn)");
}
