import InferenceClient

/// The half of a plan that a client needs. No weights.
public typealias ClientPlan = InferenceClient.ClientPlan
