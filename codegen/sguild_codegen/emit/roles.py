"""The roles of the database: what each domain may insert and read, as one SQL file."""

from sguild_codegen.emit.recipes import Recipe
from sguild_codegen.model.contract import ContractTree
from sguild_dispatcher.rights import OPERATOR, domain_rights, rights_hash


def roles_recipe(tree: ContractTree) -> Recipe:
    """Return what the file is made of: nothing but what the policies say."""
    rights = domain_rights(tree.domains, tree.event_types)
    return Recipe(
        "roles.sql.jinja",
        {
            "version": tree.registry_version,
            "hash": rights_hash(rights),
            "operator": OPERATOR,
            "domains": rights,
        },
    )
