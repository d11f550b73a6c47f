// SPDX-License-Identifier: Apache-2.0

/// Places where a break would be silent: bounds and their proof, range, noise, security, keys, masks, requests,
/// replies, files. Numbers are places in this list, from 1.
let mutants: [Mutant] = [
    bounds, noise, security, clients, servers, privacy, groups, reading, tools,
].flatMap { $0 }

private let bounds: [Mutant] = [
    Mutant(
        name: "what is at a threshold is below it",
        file: "Inference/Methods/Slots/ThresholdPooling.swift",
        original: "$0 < threshold ? 1 : 0", broken: "$0 <= threshold ? 1 : 0",
        tests: "ThresholdPoolingTests"),
    Mutant(
        name: "a pool that something else reads too is replaced",
        file: "Inference/Methods/Slots/ThresholdPooling.swift",
        original: "readers[step.value] == 2", broken: "readers[step.value] >= 2",
        tests: "ThresholdPoolingTests"),
    Mutant(
        name: "leading coefficients of a table count twice",
        file: "Inference/Methods/BFV/Tables/TableSteps.swift",
        original: "ModularArithmetic.subtract(top[0], 1, modulo: t)", broken: "top[0]",
        tests: "TableTests"),
    Mutant(
        name: "c doesn't make up for the middle of a monic polynomial",
        file: "Inference/Methods/BFV/Tables/TableSteps.swift",
        original: "ModularArithmetic.subtract(p[low + count], 1, modulo: t)",
        broken: "p[low + count]", tests: "TableTests"),
    Mutant(
        name: "a constant is compared with what is accumulated, the other way round",
        file: "ONNXModels/Lowering/Lowering+Comparisons.swift",
        original: "relation.holds(accumulators.real(accumulator, place: place), constant)",
        broken: "relation.holds(constant, accumulators.real(accumulator, place: place))",
        tests: "ComparisonLoweringTests"),
    Mutant(
        name: "digits of few moduli are as wide as their gadget's, which underflows",
        file: "BFV/Noise/NoiseModel.swift", original: "exp2(Double(max(0, widest - 100)))",
        broken: "exp2(Double(max(0, gadget.digitBits - 100)))", tests: "NoiseTests"),
    Mutant(
        name: "of a giant's weights that are kept as coefficients the first giant's serve for all",
        file: "BFV/Evaluation/EncodedTransform.swift",
        original: "(firstTerms[giant] + term) * n", broken: "term * n",
        tests: "LargestRingTests"),
    Mutant(
        name: "what only looks like a maximum has the range of one",
        file: "IntegerNetworks/Bounds/Maxima.swift",
        original: "max(run.lower + Int64($0), 0) == $1", broken: "run.values.count > 0 || $0 == $1",
        tests: "PoolingTests/maximaHaveTheirOwnRange"),
    Mutant(
        name: "a maximum of anything and a",
        file: "IntegerNetworks/Bounds/Maxima.swift",
        original: "$0.column == a && $0.weight == -1", broken: "$0.column == a",
        tests: "PoolingTests/maximaHaveTheirOwnRange"),
    Mutant(
        name: "a weight that some outputs have is all outputs'",
        file: "Inference/Methods/Slots/SlotWeights.swift",
        original: "found[place] ?? weight == weight",
        broken: "found[place] ?? weight == weight || period == 1",
        tests: "PoolingTests/fewFeaturesAnOutput"),
    Mutant(
        name: "rows of a pooled image are as near as its pixels say",
        file: "Inference/Methods/Slots/ImageGrid.swift",
        original: "row * convolution.strides.height",
        broken: "image.width * convolution.strides.height",
        tests: "PoolingTests/imagesArePooledInPlace"),
    Mutant(
        name: "of several special primes the first one's part of a key serves for all",
        file: "Lattice/KeySwitching/KeySwitcher.swift",
        original: "key.gadget.level + k - level", broken: "key.gadget.level",
        tests: "OracleEvaluationTests/multiplication"),
    Mutant(
        name: "P modulo a ciphertext modulus leaves out its second prime",
        file: "Lattice/Parameters/LatticeContext.swift",
        original: "ModularArithmetic.multiply($0, $1 % q, modulo: q)",
        broken: "$0 == 1 ? $1 % q : $0", tests: "OracleEvaluationTests/multiplication"),
    Mutant(
        name: "mixed-radix digits are taken apart with the wrong primes",
        file: "Lattice/KeySwitching/KeySwitcher.swift",
        original: "moduli.lowerBound + lower", broken: "lower",
        tests: "OracleEvaluationTests/multiplication"),
    Mutant(
        name: "with two rows a period of one is spaced as if 3 were 1 modulo 8",
        file: "BFV/Parameters/SlotShape.swift",
        original: "degree / (2 * max(2, period))", broken: "degree / (2 * period)",
        tests: "RepeatedSlotsTests/otherPowersOfXAreMissing"),
    Mutant(
        name: "a kept block of weights serves the next run",
        file: "BFV/Evaluation/EncodedTransform.swift",
        original: "start / (run > 1 ? run : block) * bytes",
        broken: "start / (run > 1 ? basis.degree : block) * bytes",
        tests: "RepeatedSlotsTests/mapsAreTheSame"),
    Mutant(
        name: "a row's run is shared with one that it is not within",
        file: "IntegerNetworks/Network/TableDomains.swift",
        original: "domains[$0].range.upperBound >= domain.range.upperBound",
        broken: "domains[$0].range.upperBound >= domain.range.lowerBound",
        tests: "TableLoweringTests/elementsShareRunsThatHoldThem"),
    Mutant(
        name: "tables of floats leave out the bias",
        file: "Quantization/Integer/IntegerAssembly+Tables.swift",
        original: "Double($0) * function.factor + function.constant",
        broken: "Double($0) * function.factor + 0 * function.constant",
        tests: "TableQuantizationTests/accumulatorsFitTheTables"),
    Mutant(
        name: "sums of a row may have twice as many values as its table",
        file: "Quantization/Integer/IntegerAssembly+Tables.swift",
        original: "width > Double(mostValues - 1)", broken: "width > Double(2 * mostValues)",
        tests: "TableQuantizationTests/accumulatorsFitTheTables"),
    Mutant(
        name: "of trees the smallest leaves alone bound a sum",
        file: "IntegerNetworks/Bounds/OutputBounds.swift",
        original: "ranges.reduce(start) { $0 + $1.upperBound }",
        broken: "ranges.reduce(start) { $0 + $1.lowerBound }",
        tests: "ForestCircuitTests/everySample"),
    Mutant(
        name: "differences of joined trees are taken with the constants of their sums",
        file: "TensorGraphs/Graph/JoinedTrees.swift",
        original: "step.operation.withoutConstants.evaluated(inputs.map(changeOf))",
        broken: "step.operation.evaluated(inputs.map(changeOf))", tests: "JoinedTreesTests"),
    Mutant(
        name: "of two leaves in one slot both are added where the bit is set",
        file: "Inference/Methods/Slots/Trees/ForestNetwork.swift",
        original: "($0.worth[output] ?? 0) - weight",
        broken: "($0.worth[output] ?? 0) + weight",
        tests: "ForestCircuitTests/everyLayout"),
    Mutant(
        name: "any two conditions are taken for those of one chain",
        file: "Inference/Methods/Features/ForestProducts.swift",
        original: "chainOfCondition[first] == chainOfCondition[second]",
        broken: "first >= 0", tests: "ForestCircuitTests/encryptedIsClear"),
    Mutant(
        name: "moduli are such that products bring the unit -1",
        file: "Inference/Methods/BFV/ModulusChain.swift",
        original: "first == 0 ? t - 1 : 1", broken: "t - 1",
        tests: "ForestProductsTests/productsBringNoUnit"),
    Mutant(
        name: "of permutations that are hoisted with two widths of digits each takes its own place",
        file: "BFV/Evaluation/Evaluator+LinearTransform.swift",
        original: "moved[source][job.position]", broken: "moved[source][0]",
        tests: "OracleEvaluationTests/hoistedSumsAndLinearMaps"),
    Mutant(
        name: "of a set of categories the first alone leads on",
        file: "ONNXModels/Import/TreeTable.swift", original: "values + next.values",
        broken: "values", tests: "TreeEnsembleTests/setsOfCategories"),
    Mutant(
        name: "the Cholesky step that makes a bound a proof always succeeds",
        file: "IntegerNetworks/Bounds/BandCholesky.swift", original: "factorizes(pivots)",
        broken: "pivots.count > 0", tests: "BandCholeskyTests"),
    Mutant(
        name: "the shift of the floating-point proof is left out",
        file: "IntegerNetworks/Bounds/BandCholesky.swift", original: "total + shift + 2",
        broken: "total - shift - 2", tests: "BandCholeskyTests"),
    Mutant(
        name: "a square is bounded by its smaller end",
        file: "IntegerNetworks/Bounds/IntervalPropagation.swift",
        original: "0...max(low, high)", broken: "0...min(low, high)", tests: "OutputBounds"),
    Mutant(
        name: "a decoded output is one too high",
        file: "InferenceClient/Methods/BFV/OutputDecoder.swift",
        original: "low + Int64(offset)", broken: "low + 1 + Int64(offset)",
        tests: "FeaturesTests/encryptedEqualsReference"),
    Mutant(
        name: "a range wider than the modulus is certified",
        file: "InferenceClient/Certificate.swift", original: "widest < modulus",
        broken: "widest > -1", tests: "PlanSectionTests"),
]

private let noise: [Mutant] = [
    Mutant(
        name: "fresh noise is bounded by a quarter",
        file: "BFV/Noise/NoiseModel.swift",
        original: "tail * deviation * n.squareRoot() + n / 2",
        broken: "(tail * deviation * n.squareRoot() + n / 2) / 16",
        tests: "NoiseBoundTests|NoiseTests"),
    Mutant(
        name: "noise events have no budget",
        file: "Inference/Methods/BFV/BFVPlan.swift", original: "evaluation.events < 1 << 20",
        broken: "evaluation.events >= 0", tests: "SilentFailureTests"),
    Mutant(
        name: "a plan whose certificate doesn't hold is made",
        file: "Inference/Methods/BFV/BFVPlan.swift",
        original: "settings.certificate(outputs).holds", broken: "true",
        tests: "ProofTests"),
    Mutant(
        name: "replies take fewer bits than their noise needs",
        file: "Inference/Methods/BFV/ParameterSearch.swift",
        original: "margins.allSatisfy({ $0 > 0.1 })",
        broken: "margins.allSatisfy({ $0 > -20 })",
        tests: "RandomNetworkTests/encryptedEqualsReference"),
    Mutant(
        name: "noise above the certified bound is decrypted",
        file: "InferenceClient/Methods/BFV/CompressedReply.swift",
        original: "margins[$0] < settings.noiseMarginBits[$0 / perModulus] - 0x1p-20",
        broken: "margins[$0] < -1000", tests: "RefusalTests"),
    Mutant(
        name: "a key for too low a level is used",
        file: "Inference/Methods/BFV/CostLedger.swift", original: "gadget.level >= level",
        broken: "gadget.level >= 0", tests: "ProofTests"),
    Mutant(
        name: "noise of a claimed plan is not compared with its proof",
        file: "Inference/Plan+File.swift", original: "again.client == client",
        broken: "again.client.outputCount > 0", tests: "ProofTests"),
]

private let security: [Mutant] = [
    Mutant(
        name: "the security table allows everything",
        file: "Lattice/Parameters/SecurityTable.swift",
        original: "modulus <= BigInt(1) << bits", broken: "bits > 0", tests: "SecurityTests"),
    Mutant(
        name: "levels below 128 bits need no name that says so",
        file: "Lattice/Parameters/LatticeParameters.swift", original: "security >= .bits128",
        broken: "security >= .insecure", tests: "SecurityTests"),
    Mutant(
        name: "insecure parameters are read from files",
        file: "InferenceClient/Messages/BFVMessages.swift",
        original: "guard allowInsecure else { throw WireError.insecureParameters }",
        broken: "", tests: "DamageTests/insecureParameters"),
    Mutant(
        name: "the clear method is read as if it were secure",
        file: "InferenceClient/Methods/Clear/ClearValues.swift",
        original: "guard allowInsecure else { throw WireError.insecureParameters }",
        broken: "", tests: "DamageTests/insecureParameters"),
    Mutant(
        name: "secret keys that generation never gives are taken",
        file: "InferenceClient/Methods/BFV/BFVSecret.swift",
        original: "SecretBounds(degree: coefficients.count).hold(for: values)", broken: "true",
        tests: "ResidueTests/secretKeys"),
    Mutant(
        name: "coefficients of the secret are not checked",
        file: "InferenceClient/Methods/BFV/BFVSecret.swift",
        original: "bsk_all_below(words, 3, n) == 1", broken: "true",
        tests: "ResidueTests/secretKeys"),
    Mutant(
        name: "replies are not masked",
        file: "Inference/Methods/Slots/EncryptedSlots.swift",
        original: "mask.shares(of: constant, modulus: context.plaintexts[index].table)",
        broken: "constant",
        tests: "SilentFailureTests"),
    Mutant(
        name: "shares of an output don't sum to zero",
        file: "Inference/Methods/Slots/OutputMask.swift",
        original:
            "ModularArithmetic.subtract(\n                shares[slot], sums[output] ?? 0, modulo: t)",
        broken: "shares[slot]", tests: "RandomNetworkTests/encryptedEqualsReference"),
    Mutant(
        name: "secrets are readable by everyone",
        file: "Files/StagedFile.swift", original: "isPrivate ? 0o600 : 0o644",
        broken: "isPrivate ? 0o644 : 0o644", tests: "StagedFileTests"),
]

private let clients: [Mutant] = [
    Mutant(
        name: "refusals that tell of the secret aren't counted",
        file: "InferenceClient/RefusalRecord.swift",
        original: "if Self.tellsOfTheSecret(error) { try increment() }", broken: "",
        tests: "ReactionTests"),
    Mutant(
        name: "encryptions of zero have no randomness of the server",
        file: "Lattice/KeySwitching/KeySwitcher+Rerandomization.swift",
        original: "u.values(modulo: table, into: ofU)", broken: "", tests: "ListenerTests"),
    Mutant(
        name: "Paillier's masks toss no coin", file: "Paillier/Ciphertexts/MaskSource.swift",
        original: "toss(coins, on: out, pool: pool)", broken: "", tests: "JacobiTests"),
    Mutant(
        name: "function privacy leaves Paillier's exponents short",
        file: "Paillier/Ciphertexts/MaskSource.swift",
        original: "functionPrivacyBits > 0", broken: "false", tests: "FunctionPrivacyTests"),
    Mutant(
        name: "an owner's ciphertexts are no powers of the mask",
        file: "Paillier/Ciphertexts/PaillierOwnerEncryptor.swift",
        original: "exponents[1].base[i * words[1]] & ~1 | bit",
        broken: "exponents[1].base[i * words[1]]", tests: "FunctionPrivacyTests"),
    Mutant(
        name: "idle slots keep the bias",
        file: "Paillier/Evaluation/PaillierEvaluator+Matrix.swift",
        original: "packing.replicate(matrix.bias(row), after: usedSlots[vector])", broken: "0",
        tests: "PackingTests/idleSlotsTellNothing"),
    Mutant(
        name: "masks are given out twice",
        file: "Paillier/Evaluation/PaillierMaskPool.swift",
        original: "(masks, left - some)", broken: "(masks, left)",
        tests: "MaskPoolTests"),
    Mutant(
        name: "a grid has the limits that samples have, digit by digit",
        file: "Blindsight/TreeGrid.swift", original: "column[bin * column.count / bins].twoDigits",
        broken: "column[bin * column.count / bins]", tests: "TreeEnsembleTests/gridTellsNothing"),
    Mutant(
        name: "factors go to the client without their pads",
        file: "Inference/Methods/Slots/BlindedFactors.swift",
        original: "Array(Samplers.uniformWords(modulus: modulus)[..<slots])",
        broken: "[UInt64](repeating: 0, count: slots)",
        tests: "BlindedFactorsTests/factorsOfEqualSumsLookAlike"),
    Mutant(
        name: "a forked child has its parent's masks",
        file: "Threading/ForkLocal.swift",
        original: "store.forks != forks", broken: "false",
        tests: "MaskPoolTests/aChildStartsEmpty"),
    Mutant(
        name: "keys are used whatever their checksum", file: "Wire/SectionReader.swift",
        original: "hash.finalize() == checksum[...]", broken: "true", tests: "StoredKeysTests"),
    Mutant(
        name: "outputs beyond the proven range are handed out",
        file: "InferenceClient/Client.swift",
        original: "!outputs.areInside(plan.outputs.bounds)", broken: "false",
        tests: "SilentFailureTests"),
    Mutant(
        name: "a reply to another request is decrypted",
        file: "InferenceClient/Client.swift",
        original: "reply.head.request == request.digest", broken: "true",
        tests: "SilentFailureTests"),
    Mutant(
        name: "quantized inputs outside the box are encrypted",
        file: "IntegerNetworks/Network/InputSpecification.swift",
        original: "!range.contains($0)", broken: "false", tests: "PaillierMethodTests"),
    Mutant(
        name: "values far outside the box are clamped unasked",
        file: "IntegerNetworks/Network/SampleQuantizer.swift", original: "outside == .clamp",
        broken: "true", tests: "SampleQuantizerTests"),
    Mutant(
        name: "numbers of columns are taken for a sample",
        file: "Samples/CSVFormat.swift", original: "isConsecutive(first, cells)",
        broken: "false", tests: "CSVTests"),
    Mutant(
        name: "a zip member is taken whatever its checksum",
        file: "Samples/NPZFormat.swift", original: "Int(checksum) == entry.checksum",
        broken: "true", tests: "NPZTests"),
    Mutant(
        name: "groups of too many samples are encrypted",
        file: "InferenceClient/Client.swift",
        original: "(1...plan.samplesPerGroup).contains(samples.count)", broken: "true",
        tests: "FeaturesTests/groupsAreNeverTooFull"),
    Mutant(
        name: "a secret key of another key set is taken",
        file: "InferenceClient/Client+File.swift",
        original: "try Envelope.requireKeySet(plan.keySetDigest, found: file.keySet)",
        broken: "", tests: "DamageTests/otherKeys"),
]

private let servers: [Mutant] = [
    Mutant(
        name: "evaluation keys are not looked at",
        file: "InferenceClient/Methods/BFV/BFVKeys.swift",
        original: "key(element)?.gadget == gadget", broken: "true", tests: "SilentFailureTests"),
    Mutant(
        name: "keys of another set are used",
        file: "InferenceClient/ClientPlan.swift",
        original: "try Envelope.requireKeySet(keySetDigest, found: keys.keySet)", broken: "",
        tests: "SilentFailureTests|DamageTests/otherKeys"),
    Mutant(
        name: "samples of another number of ciphertexts are evaluated",
        file: "InferenceClient/Methods/Slots/SlotsRequest.swift",
        original: "ciphertexts.count == method.requestCount", broken: "true",
        tests: "SilentFailureTests"),
    Mutant(
        name: "requests of another plan are evaluated",
        file: "InferenceClient/ClientPlan.swift",
        original: "try requestForm.check(group.head)", broken: "",
        tests: "SilentFailureTests"),
    Mutant(
        name: "operands of two plaintext moduli are combined",
        file: "BFV/Evaluation/Evaluator.swift",
        original: "a.plaintextIndex == b.plaintextIndex", broken: "true",
        tests: "OperandTests"),
    Mutant(
        name: "operands of two levels are combined",
        file: "BFV/Evaluation/Evaluator.swift", original: "a.level == b.level", broken: "true",
        tests: "OperandTests"),
    Mutant(
        name: "levels of a hostile plan are not checked",
        file: "Inference/Methods/BFV/BFVPlan.swift", original: "(1...level).contains(next)",
        broken: "true", tests: "MethodSectionTests"),
    Mutant(
        name: "circuits whose keys are missing are run",
        file: "Inference/Methods/BFV/BFVPlan.swift",
        original: "elements.isSubset(of: choices.keys.galois.keys)", broken: "true",
        tests: "MethodSectionTests"),
    Mutant(
        name: "ciphertexts that share a factor with n are taken",
        file: "Paillier/Ciphertexts/EncryptedVector.swift",
        original: "all.greatestCommonDivisor(modulus) == 1", broken: "true",
        tests: "PaillierTests"),
    Mutant(
        name: "what leaves a Paillier server is not re-randomized",
        file: "Paillier/Evaluation/PaillierEvaluator+Matrix.swift",
        original: "masked ? masks.take(count, pool: pool) : nil", broken: "nil",
        tests: "PaillierTests"),
]

private let groups: [Mutant] = [
    Mutant(
        name: "outputs of a sample side by side are the first one's",
        file: "InferenceClient/Methods/Slots/Slots.swift",
        original: "sample * decoder.outputCount + output", broken: "output",
        tests: "SideBySideTests"),
    Mutant(
        name: "of samples side by side each follows the one before by so many outputs",
        file: "Inference/Methods/Slots/PackedNetwork+Samples.swift",
        original: "feature + Int32(sample * count)", broken: "feature + Int32(sample)",
        tests: "SideBySideTests"),
    Mutant(
        name: "idle slots hold the last sample only",
        file: "InferenceClient/Methods/Slots/Slots.swift",
        original: "$0 % samples.count", broken: "min($0, samples.count - 1)",
        tests: "SideBySideTests/idleSlotsHoldSamplesAgain"),
    Mutant(
        name: "the checksum of a file is not compared",
        file: "Wire/Envelope.swift",
        original: "checksum(bytes[..<end], header.kind).elementsEqual(bytes[end...])",
        broken: "true", tests: "WireTests"),
    Mutant(
        name: "the checksum of a group is not compared",
        file: "Wire/Groups/BodyReader.swift", original: "hash.finalize() == checksum[...]",
        broken: "true", tests: "WireTests"),
    Mutant(
        name: "groups come in any order",
        file: "Wire/Groups/GroupForm.swift", original: "head.index == expected",
        broken: "true", tests: "WireTests"),
    Mutant(
        name: "groups but the last need not be full",
        file: "Wire/Groups/GroupForm.swift",
        original: "head.index + 1 == head.groupCount || head.sampleCount == capacity",
        broken: "true", tests: "WireTests"),
    Mutant(
        name: "a network of millions of empty operations is parsed",
        file: "InferenceClient/Messages/NetworkMessages.swift",
        original: "others <= Self.maximumOtherBytes", broken: "true",
        tests: "NetworkSectionTests"),
    Mutant(
        name: "residues of a request are not compared with their modulus",
        file: "InferenceClient/Methods/BFV/ResiduePacking.swift",
        original: "bsk_all_below(limb, table.value, n) == 1", broken: "true",
        tests: "ResidueTests/requests"),
    Mutant(
        name: "residues of many features are not compared with their modulus",
        file: "Inference/Methods/Features/EncryptedFeatures.swift",
        original: "isValid.load(ordering: .relaxed)", broken: "true",
        tests: "ResidueTests/requests"),
    Mutant(
        name: "an interrupted run goes on with replies to another request",
        file: "InferenceClient/Files/ReplyReader.swift",
        original: "reply.request == heads[index].digest", broken: "true",
        tests: "ReplyFileTests"),
    Mutant(
        name: "reserved sections are passed over",
        file: "Wire/Section.swift",
        original:
            "guard !rule.isReserved else { throw WireError.reservedSection(rule.name, of: kind) }",
        broken: "", tests: "WireTests"),
    Mutant(
        name: "what stands before a protected key isn't bound to it",
        file: "Wire/PassphraseProtection.swift",
        original: "AES.GCM.open(sealed, using: key, authenticating: before)",
        broken: "AES.GCM.open(sealed, using: key, authenticating: before.prefix(0))",
        tests: "PassphraseTests"),
    Mutant(
        name: "copies of a passphrase's key are left in freed memory",
        file: "Wire/PassphraseProtection.swift",
        original: "stride(from: 16, through: 1024, by: 16)",
        broken: "stride(from: 16, through: 0, by: 16)",
        tests: "MemoryScanTests"),
    Mutant(
        name: "traps agree with whatever comes", file: "InferenceClient/Files/Traps.swift",
        original: "found == outputs[other]", broken: "found.count > 0", tests: "TrapTests"),
    Mutant(
        name: "a protected key of any cost is read",
        file: "Wire/PassphraseProtection.swift",
        original: "Self.acceptedLogRounds.contains(Int(head[1]))", broken: "true",
        tests: "PassphraseTests/costs"),
    Mutant(
        name: "an open key is read where a passphrase was given",
        file: "Wire/SecretKeyFile.swift",
        original: "guard passphrase == nil else { throw WireError.notProtected }", broken: "",
        tests: "PassphraseTests"),
]

private let privacy: [Mutant] = [
    Mutant(
        name: "replies are not flooded",
        file: "Lattice/KeySwitching/KeySwitcher+Rerandomization.swift",
        original: "limb < level", broken: "limb < 0",
        tests: "FunctionPrivacyTests"),
    Mutant(
        name: "the last map's weights are what they are",
        file: "Inference/Methods/Slots/EncryptedSlots.swift",
        original: "isLast && privacy.dithers", broken: "false",
        tests: "RandomNetworkTests/hidden"),
    Mutant(
        name: "constants are rounded to the nearest where they are to be drawn",
        file: "BFV/Evaluation/DitheredConstant.swift",
        original: "plaintext.modulus", broken: "UInt64(1) << 62",
        tests: "FunctionPrivacyTests"),
    Mutant(
        name: "the low fields of a flood are missing",
        file: "Ring/FloodCoefficients.swift",
        original: "lowBits > 0", broken: "lowBits > 99",
        tests: "FloodTests"),
    Mutant(
        name: "coarse summands of floods cost nothing",
        file: "BFV/Noise/Flood.swift",
        original: "highBits < bits ? exp2(-2 * Double(highBits) - 1) : 0", broken: "0.0",
        tests: "FloodTests"),
    Mutant(
        name: "biases of what is put out are lost",
        file: "Inference/Methods/Slots/SlotCircuits.swift",
        original: "biases[$0] ?? zeros", broken: "zeros", tests: "RandomNetworkTests"),
    Mutant(
        name: "keys that are hoisted together have digits of one width",
        file: "Inference/Methods/BFV/GadgetChooser.swift",
        original: "[together, apart]", broken: "[together]",
        tests: "KeyWidthTests"),
    Mutant(
        name: "of many features the last block alone is added up",
        file: "Inference/Methods/Features/EncryptedFeatures.swift",
        original: "block > 0", broken: "block > 9999", tests: "FeaturesTests/manyFeaturesBecomeFew"),
    Mutant(
        name: "a flood of fractions is P times as large",
        file: "Lattice/KeySwitching/KeySwitcher+Rerandomization.swift",
        original: "isDivided ? 1 : context.specialResidue[limb]",
        broken: "context.specialResidue[limb]", tests: "FunctionPrivacyPlanTests"),
    Mutant(
        name: "weights are drawn with another mean",
        file: "BFV/Evaluation/Fractions.swift",
        original: "numerator < 0 ? -quotient : quotient",
        broken: "numerator < 0 ? quotient : -quotient", tests: "FractionsTests"),
    Mutant(
        name: "small weights are drawn with another mean",
        file: "BFV/Tiles/ScalarDither.swift", original: "weight < 0 ? -quotient : quotient",
        broken: "weight < 0 ? quotient : -quotient", tests: "ScalarDitherTests"),
    Mutant(
        name: "a flood is chosen for an eighth of what noise tells",
        file: "BFV/Noise/Flood.swift", original: "Self.second * exposure.covariance",
        broken: "Self.second / 8 * exposure.covariance", tests: "FloodTests"),
    Mutant(
        name: "a plan that claims a flood which hides less is taken",
        file: "Inference/Methods/BFV/FunctionPrivacy.swift",
        original: "floods[index].distance(all, degree: model.degree) <= bound",
        broken: "bound > 0", tests: "FunctionPrivacyPlanTests"),
    Mutant(
        name: "the ciphertexts of a reply don't share the bound",
        file: "Inference/Methods/BFV/FunctionPrivacy.swift",
        original: "exp2(-Double(bits)) / share", broken: "exp2(-Double(bits)) / min(share, 1)",
        tests: "FunctionPrivacyPlanTests"),
    Mutant(
        name: "idle slots hold zeros",
        file: "InferenceClient/Methods/Features/Features.swift",
        original: "all[slot - samples.count]", broken: "0",
        tests: "IdleSlotTests"),
]

private let reading: [Mutant] = [
    Mutant(
        name: "pipes and devices are opened for reading",
        file: "Files/RegularFile.swift", original: "status.isRegular", broken: "true",
        tests: "RegularFileTests"),
    Mutant(
        name: "files longer than their limit are read",
        file: "Files/RegularFile.swift", original: "count <= limit", broken: "true",
        tests: "RegularFileTests"),
]

private let tools: [Mutant] = [
    Mutant(
        name: "verify counts no wrong logits",
        file: "BlindsightCommands/Commands/Verification.swift",
        original: "zip(expected, prediction.logits).count { $0 != $1 }",
        broken: "zip(expected, prediction.logits).count { _ in false }", tests: "MismatchTests"),
    Mutant(
        name: "bench takes wrong logits",
        file: "BlindsightCommands/Commands/Benchmark.swift",
        original: "outputs[$0].equal(decrypted, sample: $0)", broken: "$0 >= 0",
        tests: "MismatchTests"),
]
